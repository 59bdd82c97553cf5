import { SecurityException } from '../errors.ts'

/** DER as PEM text (RFC 7468). */
export function toPem(label: 'CERTIFICATE' | 'X509 CRL', der: Uint8Array): string {
  const lines =
    Buffer.from(der)
      .toString('base64')
      .match(/.{1,64}/g) ?? []
  return `-----BEGIN ${label}-----\n${lines.join('\n')}\n-----END ${label}-----\n`
}

/**
 * The one certificate in a PEM text, DER.
 * @throws SecurityException `certificate_invalid` if there is none, more than one, or something else in the block
 */
export function certificateFromPem(pem: string): Buffer {
  const blocks = [...pem.matchAll(/-----BEGIN CERTIFICATE-----([A-Za-z0-9+/=\s]+)-----END CERTIFICATE-----/g)]
  const body = blocks[0]?.[1]?.replaceAll(/\s/g, '')
  if (blocks.length !== 1 || body === undefined || !/^[A-Za-z0-9+/]+={0,2}$/.test(body)) {
    throw new SecurityException('certificate_invalid', 'Exactly one certificate in PEM form is expected.')
  }
  return Buffer.from(body, 'base64')
}
