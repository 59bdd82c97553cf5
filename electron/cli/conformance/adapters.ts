import type { Providers } from '#core/crypto/providers.ts'
import type { Adapter } from './adapter.ts'
import { aead } from './adapters/aead.ts'
import { argon2, hkdf, pbkdf2 } from './adapters/derivation.ts'
import { ecdhAsn, ecdhJwk, ecdhPem, ecdhPoint } from './adapters/ecdh.ts'
import { keyWrap } from './adapters/key-wrap.ts'
import { mac } from './adapters/mac.ts'
import { mlDsaSigning, mlDsaVerification } from './adapters/mldsa.ts'
import { mlKemDecapsulation, mlKemEncapsulation, mlKemKeys } from './adapters/mlkem.ts'
import { pbes2 } from './adapters/pbes2.ts'
import { rsaOaep } from './adapters/rsa-oaep.ts'
import { ecdsaDer, ecdsaP1363, eddsa, rsaPss } from './adapters/signature.ts'
import { xdhAsn, xdhJwk, xdhPem, xdhRaw } from './adapters/xdh.ts'

/** The adapters by the schema they read, without `_v1` and `.json`. */
export const createAdapters = (providers: Providers): ReadonlyMap<string, Adapter> =>
  new Map([
    ['aead_test_schema', aead(providers)],
    ['hkdf_test_schema', hkdf],
    ['mac_test_schema', mac],
    ['ecdh_ecpoint_test_schema', ecdhPoint],
    ['ecdh_test_schema', ecdhAsn],
    ['ecdh_pem_test_schema', ecdhPem],
    ['ecdh_webcrypto_test_schema', ecdhJwk],
    ['xdh_comp_schema', xdhRaw],
    ['xdh_asn_comp_schema', xdhAsn],
    ['xdh_pem_comp_schema', xdhPem],
    ['xdh_jwk_comp_schema', xdhJwk],
    ['ecdsa_verify_schema', ecdsaDer],
    ['ecdsa_p1363_verify_schema', ecdsaP1363],
    ['eddsa_verify_schema', eddsa],
    ['rsassa_pss_verify_schema', rsaPss],
    ['rsaes_oaep_decrypt_schema', rsaOaep],
    ['mlkem_keygen_seed_test_schema', mlKemKeys(providers)],
    ['mlkem_encaps_test_schema', mlKemEncapsulation(providers)],
    ['mlkem_encaps_seed_test_schema', mlKemEncapsulation(providers)],
    ['mlkem_test_schema', mlKemDecapsulation(providers)],
    ['mlkem_decaps_seed_test_schema', mlKemDecapsulation(providers)],
    ['mldsa_verify_schema', mlDsaVerification(providers)],
    ['mldsa_sign_seed_schema', mlDsaSigning(providers)],
    ['pbe_test_schema', pbes2],
    ['pbkdf_test_schema', pbkdf2],
    ['keywrap_test_schema', keyWrap],
    ['argon2_test_schema', argon2(providers)],
  ])

const asSeeds = 'the engine takes private keys of ML-KEM and ML-DSA as seeds only'

/** Schemas that the engine refuses on purpose: why. */
export const refusedSchemas: ReadonlyMap<string, string> = new Map([
  ['mlkem_semi_expanded_decaps_test_schema', asSeeds],
  ['mlkem_decaps_test_schema', asSeeds],
  ['mlkem_decaps_validation_test_schema', asSeeds],
  ['mldsa_sign_noseed_schema', asSeeds],
  ['mldsa_sign_schema', asSeeds],
  ['rsaes_pkcs1_decrypt_schema', 'the engine refuses RSA encryption with PKCS#1 v1.5 padding'],
  ['rsassa_pkcs1_verify_schema', 'the engine refuses RSA signatures with PKCS#1 v1.5 padding'],
  ['rsassa_pkcs1_generate_schema', 'the engine refuses RSA signatures with PKCS#1 v1.5 padding'],
])
