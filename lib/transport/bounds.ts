/** Bytes of status line and headers when the request gives no cap. */
export const HEADER_CAP_BYTES = 256 * 1024;

/** Header lines of one response. */
export const HEADER_LIMIT = 2000;

/** Informational responses before the final one; one or two are usual. */
export const INTERIM_LIMIT = 32;

/** How long the go-ahead of a server is waited for, RFC 9110 section 10.1.1. */
export const CONTINUE_MS = 1000;
