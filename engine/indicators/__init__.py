"""The only door to TA-Lib and pandas-ta: candles in, float64 columns out, NaN while warming up.

``Bars`` → a function of ``direct`` (TA-Lib in C) or of ``by_pandas_ta`` (any of its indicators)
→ columns as long as the bars.

- Both libraries are loaded at the first call, not at import, and TA-Lib without pandas, which is a
  second and 90 MB that neither ``--help`` nor a desk shall pay.
- The eight shipped signals call TA-Lib directly: pandas-ta calls the same C functions, but spends
  1.8 ms per window of 600 bars on Series and frames where TA-Lib needs 0.03 ms, and 300 windows
  have one second. That both give the same figures to 1e-9 is a test and a line of ``doctor``.
- A column never looks forward: the value at bar ``i`` depends on bars ``0..i`` only.
"""
