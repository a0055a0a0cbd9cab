"""Graphs behind SPARQL endpoints, and local graphs pulled from them."""
