/**
 * What the screen's page may do, the same in every host (CSP level 3): scripts, styles, fonts and images of its own
 * origin, nothing inline, no eval, no frames, no forms. `connect` is who it may talk to: its own origin in the
 * browser host (the WebSocket), nobody in Electron, where it talks through the preload's bridge.
 */
export function contentSecurityPolicy(connect: "'self'" | "'none'"): string {
  return [
    "default-src 'none'",
    "script-src 'self'",
    "style-src 'self'",
    "img-src 'self'",
    "font-src 'self'",
    `connect-src ${connect}`,
    "base-uri 'none'",
    "form-action 'none'",
    "frame-ancestors 'none'",
    // Vue makes one policy of this name for the markup of its own static templates.
    "require-trusted-types-for 'script'",
    'trusted-types vue',
  ].join('; ')
}

/** Features no page of the console uses. */
const deniedFeatures = [
  'camera',
  'display-capture',
  'geolocation',
  'hid',
  'microphone',
  'midi',
  'payment',
  'serial',
  'usb',
]

/** The headers of everything a host serves to the screen. */
export function pageHeaders(connect: "'self'" | "'none'"): Record<string, string> {
  return {
    'Content-Security-Policy': contentSecurityPolicy(connect),
    'X-Content-Type-Options': 'nosniff',
    'X-Frame-Options': 'DENY',
    'Referrer-Policy': 'no-referrer',
    'Cross-Origin-Opener-Policy': 'same-origin',
    'Cross-Origin-Embedder-Policy': 'require-corp',
    'Cross-Origin-Resource-Policy': 'same-origin',
    'Permissions-Policy': deniedFeatures.map((feature) => `${feature}=()`).join(', '),
    'Cache-Control': 'no-store',
  }
}
