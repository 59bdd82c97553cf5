/** The library behind node:crypto in this process, with its version. */
export const cryptoLibrary = (): string =>
  'openssl_is_boringssl' in process.features && process.features.openssl_is_boringssl === true
    ? 'BoringSSL'
    : `OpenSSL ${process.versions.openssl}`
