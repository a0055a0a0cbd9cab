"""What a question means: typed logical forms, their operators, and everything read off that one table."""
