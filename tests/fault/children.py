"""Where processes that are to be killed come from: a server that has imported everything once.

A fork of it is there in milliseconds, where a new interpreter takes seconds to import the desk.
"""

import multiprocessing

CHILDREN = multiprocessing.get_context("forkserver")
CHILDREN.set_forkserver_preload(
    ["tests.fault.chat_process", "tests.fault.dying", "tests.fault.mortal"]
)
