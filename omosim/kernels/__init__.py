"""Numba kernels: arrays in, arrays out, status codes back."""
