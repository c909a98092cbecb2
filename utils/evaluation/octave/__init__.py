"""HDR-VDP-2: the authors' MATLAB code, run by GNU Octave.

`serve.m` answers requests; `ifft2.m` and `functions.m` stand before Octave's own functions.
"""
