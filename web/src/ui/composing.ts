/**
 * Whether a key belongs to a character that is being composed (Japanese, Chinese, ...). Of the key that ends the composition
 * Safari says that it does not; 229 is then still its code.
 */
export const isComposing = (event: KeyboardEvent): boolean => event.isComposing || event.keyCode === 229;
