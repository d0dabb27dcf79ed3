"""`jtmigrate lint`: finds in source code what computes something else in Jittor without an error. Imports no framework."""
