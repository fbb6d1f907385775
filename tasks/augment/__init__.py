"""Changes training images at random: recipes of augmentation, two engines that carry them out, mixing of images."""
