"""The operator and the agent of Limitwise: tunings as Kubernetes objects, one engine below."""

__version__ = "0.1.0"
