/** The layer check: renderer -> shared <- core <- {host, web, cli}. See docs/ARCHITECTURE.md. */
const forbid = (name, comment, from, to) => ({ name, comment, severity: 'error', from, to })

module.exports = {
  forbidden: [
    forbid('no-cycles', 'A cycle makes two files one.', {}, { circular: true }),
    forbid(
      'shared-imports-nothing',
      'shared/ runs everywhere: zod only.',
      { path: '^shared/' },
      { pathNot: '^(shared/|node_modules/zod/)' },
    ),
    forbid(
      'renderer-sees-shared-only',
      'The renderer reaches the engine through the contract.',
      { path: '^renderer/' },
      { path: '^electron/' },
    ),
    forbid(
      'renderer-without-node',
      'The renderer is a web page.',
      { path: '^renderer/' },
      { dependencyTypes: ['core'] },
    ),
    forbid(
      'core-knows-no-host',
      'core runs under plain Node.',
      { path: '^electron/core/' },
      { path: '^(electron/(host|web|cli|main|preload)|renderer/)' },
    ),
    forbid(
      'electron-only-in-host',
      "Only main.ts, preload.ts and host/ import 'electron'.",
      { path: '^(electron|renderer|shared)/', pathNot: '^electron/(host/|main\\.ts|preload\\.ts)' },
      { path: '(^electron$|^node_modules/electron/)' },
    ),
    forbid(
      'hosts-apart',
      'Hosts share the engine, not each other.',
      { path: '^electron/(host|web|cli)/' },
      { path: '^electron/(host|web|cli)/', pathNot: '^electron/$1/' },
    ),
    forbid(
      'one-door-to-crypto',
      'electron/core/crypto is the only place that touches node:crypto.',
      { path: '^electron/', pathNot: '^electron/core/crypto/' },
      { path: '^(node:)?crypto$' },
    ),
  ],
  options: {
    doNotFollow: { path: 'node_modules' },
    tsConfig: { fileName: 'tsconfig.node.json' },
    tsPreCompilationDeps: true,
    enhancedResolveOptions: {
      exportsFields: ['exports'],
      conditionNames: ['import', 'node', 'default', 'types'],
      extensions: ['.ts', '.js', '.vue', '.json'],
    },
  },
}
