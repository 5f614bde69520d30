"""Policy as code for the trading platform."""
