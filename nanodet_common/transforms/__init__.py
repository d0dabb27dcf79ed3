"""From a picture and its objects to a sample: NanoDet's augmentation, and the plain way that validation takes."""
