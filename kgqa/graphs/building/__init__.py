"""From records to a graph folder, in bounded memory."""
