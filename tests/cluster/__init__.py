"""The cluster lab: a real control plane on this machine, and real or simulated nodes."""
