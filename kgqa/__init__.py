"""Questions in conversations answered over a knowledge graph: facts, data, weights and the command line."""

__version__ = "0.1.0"
