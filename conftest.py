"""Repository-wide pytest configuration; the plugin itself is an entry point of the package."""

pytest_plugins = ["pytester"]
