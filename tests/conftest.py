"""What random tests try: the same cases at each run, so that what is red stays red until it is mended.

``--hypothesis-profile=nightly`` looks for new ones, ten times as many. A slow machine is not a failure.
"""

from hypothesis import HealthCheck, settings

settings.register_profile("default", derandomize=True, suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("default")
settings.register_profile("nightly", derandomize=False, max_examples=10 * settings().max_examples, print_blob=True)
