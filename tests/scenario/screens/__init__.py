"""Every screen of the desk, found by walking: commands first, then each button that appears.

`arguments` says how each command may be given, `stage` sets up a desk with hostile content,
`walker` gives the commands, presses what it finds, and remembers what the service refused.
"""
