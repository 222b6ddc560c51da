"""Second factors: set-up, codes, and the wishes that wait for one.

``gate`` stands between a press and its effect and is called inside the effect's own transaction;
``desk`` is what the chat calls; ``front`` is its protocol; ``codes`` judges what was typed.
"""
