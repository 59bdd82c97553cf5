/**
 * The only place that loads @peculiar/x509: it needs reflect-metadata to be loaded first, and a WebCrypto to be set.
 * Nothing here decides on trust; the library's chain builder is no validator (validation.ts is).
 */
import 'reflect-metadata'
import { cryptoProvider } from '@peculiar/x509'
import { webCrypto } from '../crypto/webcrypto.ts'

cryptoProvider.set(webCrypto)

export {
  AuthorityKeyIdentifierExtension,
  BasicConstraintsExtension,
  ExtendedKeyUsage,
  ExtendedKeyUsageExtension,
  Extension,
  type JsonName,
  type JsonNameParams,
  KeyUsageFlags,
  KeyUsagesExtension,
  Name,
  Pkcs10CertificateRequest,
  Pkcs10CertificateRequestGenerator,
  PublicKey,
  SubjectAlternativeNameExtension,
  SubjectKeyIdentifierExtension,
  X509Certificate,
  X509CertificateGenerator,
  X509Crl,
  X509CrlGenerator,
  X509CrlReason,
} from '@peculiar/x509'
