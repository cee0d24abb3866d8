"""The resource as people meet it: what is accepted, refused, defaulted, shown and explained."""
