/** First word of the command line of a sandbox child; the help does not name it. */
export const SANDBOX_WORD = "__sandbox";
