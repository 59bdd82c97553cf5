/**
 * Known answers of the self-test, as hexadecimal digits unless said otherwise. Each was computed by OpenSSL and by the
 * @noble packages, which agree, and those of a document were compared with it. Every key here is public.
 */

/** The GCM specification of McGrew and Viega, test case 16. */
export const aesGcm = {
  key: 'feffe9928665731c6d6a8f9467308308feffe9928665731c6d6a8f9467308308',
  iv: 'cafebabefacedbaddecaf888',
  associatedData: 'feedfacedeadbeeffeedfacedeadbeefabaddad2',
  plaintext: [
    'd9313225f88406e5a55909c5aff5269a86a7a9531534f7da2e4c303d8a318a721c3c0c95956809532fcf0e2449a6b525',
    'b16aedf5aa0de657ba637b39',
  ].join(''),
  ciphertext: [
    '522dc1f099567d07f47f37a32a84427d643a8cdcbfe5c0c97598a2bd2555d1aa8cb08e48590dbb3da7b08b1056828838',
    'c5f61e6393ba7a0abcc9f662',
  ].join(''),
  tag: '76fc6ece0f4e1768cddf8853bb2d551b',
} as const

/** RFC 8439 section 2.8.2. */
export const chaCha = {
  key: '808182838485868788898a8b8c8d8e8f909192939495969798999a9b9c9d9e9f',
  iv: '070000004041424344454647',
  associatedData: '50515253c0c1c2c3c4c5c6c7',
  plaintext: [
    '4c616469657320616e642047656e746c656d656e206f662074686520636c617373206f66202739393a20496620492063',
    '6f756c64206f6666657220796f75206f6e6c79206f6e652074697020666f7220746865206675747572652c2073756e73',
    '637265656e20776f756c642062652069742e',
  ].join(''),
  ciphertext: [
    'd31a8d34648e60db7b86afbc53ef7ec2a4aded51296e08fea9e2b5a736ee62d63dbea45e8ca9671282fafb69da92728b',
    '1a71de0a9e060b2905d6a5b67ecd3b3692ddbd7f2d778b8c9803aee328091b58fab324e4fad675945585808b4831d7bc',
    '3ff4def08e4b7a9de576d26586cec64b6116',
  ].join(''),
  tag: '1ae10b594f09e26a7e902ecbd0600691',
} as const

/** RFC 4231 section 4.2. */
export const hmac = {
  key: '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
  message: '4869205468657265',
  sha256: 'b0344c61d8db38535ca8afceaf0bf12b881dc200c9833da726e9376c2e32cff7',
  sha384: 'afd03944d84895626b0825f4ab46907f15f9dadbe4101ec682aa034c7cebc59cfaea9ea9076ede7f4af152e8b2fa9cb6',
  sha512: [
    '87aa7cdea5ef619d4ff0b4241a1d6cb02379f4e2ce4ec2787ad0b30545e17cdedaa833b7d6b8a702038b274eaea3f4e4',
    'be9d914eeb61f1702e696c203a126854',
  ].join(''),
} as const

/** The BLAKE2 reference vectors: the key 00 01 ... 3f and no message. */
export const blake2b = {
  key: [
    '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f202122232425262728292a2b2c2d2e2f',
    '303132333435363738393a3b3c3d3e3f',
  ].join(''),
  mac: [
    '10ebb67700b1868efb4417987acf4690ae9d972fb7a590c2f02871799aaa4786b5e996e8f0f4eb981fc214b005f42d2f',
    'f4233499391653df7aefcbc13fc51568',
  ].join(''),
} as const

/** RFC 5869 appendix A.1, and its input with the longer hashes. */
export const hkdf = {
  secret: '0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b0b',
  salt: '000102030405060708090a0b0c',
  info: 'f0f1f2f3f4f5f6f7f8f9',
  sha256: '3cb25f25faacd57a90434f64d0362f2a2d2d0a90cf1a5a4c5db02d56ecc4c5bf34007208d5b887185865',
  sha384: '9b5097a86038b805309076a44b3a9f38063e25b516dcbf369f394cfab43685f748b6457763e4f0204fc5',
  sha512: '832390086cda71fb47625bb5ceb168e4c8e26a1a16ed34d9fc7fe92c1481579338da362cb8d9f925d7cb',
} as const

/** RFC 7914 section 11: "passwd", "salt", 1 iteration. */
export const pbkdf2 = {
  bytes: [
    '55ac046e56e3089fec1691c22544b605f94185216dde0465e68b9d57c20dacbc49ca9cccf179b645991664b39d77ef31',
    '7c71b845b1e30bd509112041d3a19783',
  ].join(''),
} as const

/** The Argon2 reference tests, version 0x13: "password", "somesalt", 256 KiB, 2 passes, 1 lane. */
export const argon2id = {
  bytes: '9dfeb910e80bad0311fee20f9c0e2b12c17987b4cac90c2ef54d5b3021c68bfe',
} as const

/** RFC 3394 section 4.6. */
export const keyWrap = {
  key: '000102030405060708090a0b0c0d0e0f101112131415161718191a1b1c1d1e1f',
  plaintext: '00112233445566778899aabbccddeeff000102030405060708090a0b0c0d0e0f',
  wrapped: '28c9f404c4b810f4cbccb35cfb87f8263f5786e2d80ed326cbc7f0e71a99f43bfb988b9b7a02dd21',
} as const

/** RFC 6979 appendix A.2.5, SHA-256, the message "sample"; the secret is that of the key with itself. */
export const p256 = {
  privateKey: 'c9afa9d845ba75166b5c215767b1d6934e50c3db36e89b127b8a622b120f6721',
  publicKey: [
    '0460fed4ba255a9d31c961eb74c6356d68c049b8923b61fa6ce669622e60f29fb67903fe1008b8bc99a41ae9e95628bc',
    '64f2f1b20c2d7e9f5177a3c294d4462299',
  ].join(''),
  signature: [
    'efd48b2aacb6a8fd1140dd9cd45e81d69d2c877b56aaf991c34d0ea84eaf3716f7cb1c942d657c41d436c7a1b6e29f65',
    'f3e900dbb9aff4064dc4ab2f843acda8',
  ].join(''),
  sharedSecret: '2388ee990c93c4bb757203225b7786d69950d2f0de43cdf23dc71f5efaa169c8',
} as const

/** RFC 6979 appendix A.2.6, SHA-384, the message "sample"; the secret is that of the key with itself. */
export const p384 = {
  privateKey:
    '6b9d3dad2e1b8c1c05b19875b6659f4de23c3b667bf297ba9aa47740787137d896d5724e4c70a825f872c9ea60d2edf5',
  publicKey: [
    '04ec3a4e415b4e19a4568618029f427fa5da9a8bc4ae92e02e06aae5286b300c64def8f0ea9055866064a254515480bc',
    '138015d9b72d7d57244ea8ef9ac0c621896708a59367f9dfb9f54ca84b3f1c9db1288b231c3ae0d4fe7344fd25332647',
    '20',
  ].join(''),
  signature: [
    '94edbb92a5ecb8aad4736e56c691916b3f88140666ce9fa73d64c4ea95ad133c81a648152e44acf96e36dd1e80fabe46',
    '99ef4aeb15f178cea1fe40db2603138f130e740a19624526203b6351d0a3a94fa329c145786e679e7b82c71a38628ac8',
  ].join(''),
  sharedSecret:
    '905b8f97a03235c5cb1752a7984727c2e978287ee1afbaafa89e5ca1d4c601702c1c5f5ed8f12ec243da8281f12932a8',
} as const

/** RFC 8032 section 7.1, test 2. */
export const ed25519 = {
  privateKey: '4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb',
  publicKey: '3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c',
  message: '72',
  signature: [
    '92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c',
    '387b2eaeb4302aeeb00d291612bb0c00',
  ].join(''),
} as const

/** RFC 7748 section 5.2, first vector. */
export const x25519 = {
  privateKey: 'a546e36bf0527c9d3b16154b82465edd62144c0ac1fc5a18506a2244ba449ac4',
  publicKey: 'e6db6867583030db3594c1a424b15f7c726624ec26b3353b10a903a6d0ab1c4c',
  sharedSecret: 'c3da55379de9c6908e94ea4df28d084f32eccf03491c71f754b4075577a28552',
} as const

/** Seed 00 01 ... 3f (RFC 9935 appendix C), message 00 01 ... 1f; keys and ciphertexts as their SHA-256. */
export const mlKem = {
  publicKey768: '0b7934c83125c788995e2ba6bd761e33046b3e40571be53e023309a29f398cc9',
  ciphertext768: '39826fe40dc54a3fef68b7c228ed8fb22931012b6fa3bd3e7f204d54db0ac1e1',
  sharedSecret768: '42f558b0bc5d700a911b0fc67f62376f7aee4667f1969e03f18bdfdf3c59fbdc',
  publicKey1024: 'c7b8fa0aa471d5ae18922d6ccad5b31e1d84f92ae723abfd13747018740a8530',
  ciphertext1024: '2af1b28074d38e2787485b294d8f44683645adc749c1e4c62bacbd4847f02c5f',
  sharedSecret1024: '738a88cd9a25861e9a37c65a67ec1b39f069aed9646ede89410ace47a96a9b57',
} as const

/** Seed 00 01 ... 1f (RFC 9881 appendix C), the message "sample", deterministic; keys and signatures as their SHA-256. */
export const mlDsa = {
  publicKey65: 'd666806e11cee19a7c989f7445f90dd419cf4d2d51db8c0fdb4c0f0a542238c9',
  signature65: 'a9ed3dd4c9729f7bc090446f1302d04d2209494bd28a804f991f8d036c4df0c9',
  publicKey87: '91dc389cfaa01470b7f66eee45a4ae9026d154817c754dfe22298b3fa241ffcd',
  signature87: '7b885d69151f039733b365170eb5aa2db2b643912a39ba8e212f83796fbd10db',
} as const

/** A key made for this test (PKCS#8), RSA-PSS-SHA256 over "sample", and "sample" under OAEP with SHA-256; base64. */
export const rsa = {
  pkcs8: [
    'MIIEvwIBADANBgkqhkiG9w0BAQEFAASCBKkwggSlAgEAAoIBAQCeOwRWZSLL8ZY28PvpU3/s0ZlXynso2cs6UgrrTWAqIKHS',
    'G2V1sD0imcWvoeOiP019is+owaholTSw+B3GcYvGD2JXdsG/L06DIT7Ihdk39gBNsxu8BikIcY8/gA8YK8/1c/90ePEtttZS',
    'Qkx4SL8sOc+jPk9M/RvUFV9hzgsRpNFW/HfcptR0GaisRH0v8L8wZAUSkFrs0vxyvuRZXQzW6eTWm7aSbH8xC/X0KY6Cfv5R',
    'LLMdbiJd6ISuz5SNPJCvGuCz/PjggTOTi1D2YxBchi+sZmipQa3xJ/+1gYkHOpVhB4vwIKPnB2YHX51V45I/u9kqU7CkJEvn',
    'YxKsUjf9AgMBAAECggEAOQHDRMsoN7kA6Sd2YvBZ8Pzs1cPWDng1L3xagb79TAA4vOVw7u9Bf2NOZUIarJxI81edDExFO/Sx',
    'qKajt5i2BnQJdsCK+jH1g+no4D7U7UP8hQHoFpxTkT60oOimx4sVX/XcTd666cDrQ3Sub1GqSqlDZSlwUakJKyZOGIMu2rpp',
    'Q4qWULJaSUWvWrCdpmEk6ZdvCYYOnt1tsOKZaVPGTKc3iXb0W8j+FGENA510fsr2rlZOdDEjEg7uYYx2AA86q3ixsNeHPGaf',
    '2HH0xNrUpM0aLIqbYv0XucntrcjKl+Bpg9O9IHStHXa4zEvBsjKULsaUqmUcbFHUZOG9v/0m0wKBgQDM41gS3Zkwix5Ra9K1',
    'mhrIYMhvwUb3YZrbUTqL1l7LoVdjnNwMz+EDfvZe2MDIoDTpPUyXPopZfwFiZ2ujThxH/JiWYQzNtL0WWQP3EAcHVUYDvrhu',
    'DmDCDdvy8edLss/AdoIIjgz4ijeMYjBhtl1qW3rc4CzZQbYRCQJalprt3wKBgQDFtAIjM/HsJQw55HndPLchl3Ux9dZbc3Pi',
    'rTW3D8mi4x9vSmhkFeVLudA6hiEOZMqqVq37esycsTE2tg7lVLBPFiqQhXBKLitL5eQ05yknKESRgHU58aYUIUDE2Hq7yR9W',
    'vNn+9cmOkzbb3L6gTHQou8QtK/8jp467g6H8z5WdowKBgQC2nPrm9bOP3K8NCvkm+09bwUdks/O4kbogN+nisRKUlBz7n9dR',
    'ZAa9wu974d0R9Bi0ufoF46wT0Gs/dcYuK3RxhOXLQnzS64CM5pHuJs7c7lgVBmwDS7VZwFiF1K2+foVEmVuUnGdbLnYMHYfZ',
    'z1y7awW6z+OpUDQiQtFiRFGaKQKBgQCHkmoI090ozzr0FB4RPUpjiaX/DZLiAWjNX3O/Rd9CiLcMrRyqzW0AoboN996BLVLg',
    'vjHuioX3SXbzCqNqVcnVYeDsW+TlqYVdNZdpQ78vr+hdUpaQlooJscfldIGtdjy8USK4OLnvwDnVSSmbaPIa4K+lPk9mlsdF',
    'BP43C+6QOwKBgQChDqqMc0X1gxOn4k067V8dm4VZOIAI4e+pEDtbbi6zOtClQh+zTS/LU8BDlxhTeahaId6C3CeXz39dGeXr',
    'AnNmkXsp3DUQemk5jOhpXoIiI1tEOlOU32Y5gcQ34MlUI68m5P0hxck18WoN9Zx5ZMwh77hN+O3EZaye+LDPchCcZg==',
  ].join(''),
  sig: [
    'W/cx5vgVob7PQOiHU5UD8kZFNNGab8S+Oixm2SB6C3U87gm1WOhK8o46bUf1I4LfdUq2dYJexplmjOwibkGmlaLZGwWt52tO',
    'qBcsycKXCnVH87BC3ikRPVzmYB4ry4AdMsH4BSmpNy0n/CENhMhy4r4k8TOZUwLcDuCw93/SFe7fTN85CzsfpLATb0LQdMiv',
    'DQoyp7kLgGw0VA8FUUlxMfpcRbxefyPunaPDWSj3cHNQVBT2XMCEfuLgUGHDl3eOgoptpaG7nTvKzvrqazuBHJ6teIvBSo0+',
    'mELJ8gheK0YKQ3Gb0nhyyGV/VjVyZgAMgXRphsO0tKZjBPHTyaSd1Q==',
  ].join(''),
  ct: [
    'LX1jEFA8nyctbLr85Z+8bv/Ka6N0+aVfH0zmX4IHfZaJmFPToU5ZVswWbQS6coQYCzDGa/mX25qm2uSIzOR8/BM0IbC7PAjT',
    '+k5h9oqTb9diM80wrR+/QUTBYU+ArKMofNnhtkJparRnKDqJ64UVqSvJt7h5SyjpPeckZDHcy2LjTGoOcAwE1/R9zZfqRDpo',
    'VQUohI361LIxpS+O3gC+YEreY83YII0c7i3R20+w9mYuJziS2cx0v7h6A2QKhIoQwe/N1XhSTE8sFeJALIPrHbWCM/Nt4Rsk',
    'os4Am0o/1ixPZ6u6elJHuTPRPMtY3qsksB1MuXZSwoGAp5LGt1/0mw==',
  ].join(''),
} as const
