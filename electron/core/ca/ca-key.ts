import type { AuthorityAlgorithm } from '#shared/model/fleet.ts'
import { KeyManagementError } from '../errors.ts'
import type { Token, TokenKey } from '../hsm/token.ts'
import { type TokenSigner, tokenSigner } from './token-crypto.ts'

/**
 * Makes the CA key in the token and refuses one that could ever leave it. The label names no certificate; the key is
 * found by its identifier.
 * @throws KeyManagementError `token_error`; the key is destroyed then.
 */
export async function generateCaKey(token: Token, algorithm: AuthorityAlgorithm): Promise<TokenKey> {
  const key = await token.generateKey(algorithm, 'fleet-root-ca')
  try {
    refuseExportable(key)
    return key
  } catch (error) {
    await token.destroy(key)
    throw error
  }
}

/**
 * The signer for the CA key of a known authority.
 * @throws KeyManagementError `not_signed_in`; `token_error` when this token does not hold the key, holds another one
 * under its identifier, or would hand it out.
 */
export async function openCaKey(token: Token, keyId: string, publicKey: Uint8Array): Promise<TokenSigner> {
  const [key] = await token.find({ id: keyId })
  if (key === undefined || !(await token.publicKey(key)).equals(publicKey)) {
    throw new KeyManagementError(
      'token_error',
      'This token does not hold the key of the fleet’s root CA. Use the token that the CA was created on, or restore it.',
    )
  }
  refuseExportable(key)
  return tokenSigner(token, key)
}

/** Policy: a CA key was made in its token and can be read by nobody, now or ever. */
function refuseExportable(key: TokenKey): void {
  const { sensitive, extractable, neverExtractable, local } = key.attributes
  if (sensitive && !extractable && neverExtractable && local) return
  throw new KeyManagementError(
    'token_error',
    'The token keeps this key so that it can be copied out. A root CA key must be made in the token and never leave it; use another token.',
  )
}
