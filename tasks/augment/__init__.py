"""Changes training pictures at random: recipes of augmentation, two engines that carry them out, mixing of pictures."""
