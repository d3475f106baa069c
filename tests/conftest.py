"""How long random tests try: as usual, or ``--hypothesis-profile=nightly``. A slow machine is not a failure."""

from hypothesis import HealthCheck, settings

settings.register_profile("default", settings(), suppress_health_check=[HealthCheck.too_slow], deadline=None)
settings.load_profile("default")
settings.register_profile("nightly", max_examples=10 * settings().max_examples, print_blob=True)
