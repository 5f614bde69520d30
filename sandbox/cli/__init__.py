"""The sandbox's command line: the engine, the workspace, up and down."""
