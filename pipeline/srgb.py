"""The sRGB profile (IEC 61966-2-1) that every output carries, the same bytes always."""

from PIL import ImageCms

_CREATED = slice(24, 36)  # ICC.1:2010, 7.2.8: six numbers of two bytes, year to second
_ID = slice(84, 100)  # 7.2.18: an MD5 over the profile, zero where it was not computed


def _profile() -> bytes:
    made = bytearray(ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB")).tobytes())
    # LittleCMS writes the clock's time; a picture's bytes may not depend on when they were made.
    made[_CREATED] = bytes((0x07, 0xE8, 0, 1, 0, 1, 0, 0, 0, 0, 0, 0))
    made[_ID] = bytes(16)
    return bytes(made)


PROFILE = _profile()
"""The ICC profile, as files embed it."""
