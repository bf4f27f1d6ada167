"""The parts that reach the world outside: real ones and embedded ones. Only the wiring knows them."""
