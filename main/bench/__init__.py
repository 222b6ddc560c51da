"""The project's own benchmark: what it costs to backtest, to compute and to decide, beside others.

``cryptotrader bench`` → generated candles in a cache folder → every engine in fresh processes of
its own, several times, in turn → ratios, and whether the targets hold.

- Ratios of one run are the result. Seconds depend on the machine and on who else uses it.
- Every engine's trades are compared with the rule played by a plain loop, before any speed counts.
- Other engines need other versions of the libraries than this project: they live in an environment
  of their own in the cache folder (``peers``).
"""
