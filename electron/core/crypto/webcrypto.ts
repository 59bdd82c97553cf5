/**
 * The platform's WebCrypto, for libraries that ask for one (@peculiar/x509). Node's and BoringSSL's agree on what the
 * console uses of it: ECDSA P-384, RSASSA-PKCS1-v1_5, SHA-1 for key identifiers, SHA-384.
 */
export const webCrypto = globalThis.crypto

export type WebCrypto = typeof webCrypto
export type WebCryptoKey = Awaited<ReturnType<WebCrypto['subtle']['importKey']>>
