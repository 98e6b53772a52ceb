"""Image colorization with conditional GANs: the toolkit under the course."""
