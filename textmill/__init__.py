"""The domain of Textmill: what a request is, what is done next about it, and where its files lie.

Everything in this room is pure. No module here reads a clock, a file, the environment or the network;
time, limits and what the cluster shows come in as arguments, so every decision can be replayed in a test.
Data flows one way: request -> plan -> action -> Job -> report -> status.
"""
