"""An example package: one of everything that can be added to robustcheck, each in a module of its own."""
