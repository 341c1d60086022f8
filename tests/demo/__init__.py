"""The demonstration: three broken hosts with their own kernels, tuned over ssh and rolled back."""
