// How large an image file may be: bounds of the memory that a stranger's file can take.

/** Max pixels: 8,192 x 8,192, larger than any radiograph. */
export const maxPixels = 2 ** 26;

/** Max bytes of an image file. */
export const maxFileBytes = 2 ** 28;
