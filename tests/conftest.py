"""How long random tests try: as usual, or ``--hypothesis-profile=nightly``."""

from hypothesis import settings

settings.register_profile("nightly", max_examples=10 * settings().max_examples, print_blob=True)
