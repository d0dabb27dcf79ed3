"""`jtmigrate lint`: finds what computes something else in Jittor without an error. Imports no framework."""
