"""Changes of what steers the desk: asked, answered by an owner, applied in the same commit."""
