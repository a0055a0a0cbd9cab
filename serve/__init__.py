"""How people reach the answers: an HTTP interface and one page."""
