import { OptionDefaults } from 'typedoc';

/** @type {Partial<import('typedoc').TypeDocOptions>} */
export default {
  entryPoints: ['src/index.ts', 'src/matchmaking/index.ts', 'src/dev/index.ts', 'src/games/*.ts'],
  tsconfig: 'tsconfig.build.json',
  out: 'docs',
  readme: 'README.md',
  name: '@tickroom/client',
  disableGit: true,
  gitRevision: 'main',
  sourceLinkTemplate: 'https://github.com/tickroom/tickroom/blob/{gitRevision}/web/sdk/src/{path}#L{line}',
  excludeInternal: true,
  excludePrivate: true,
  excludeExternals: true,
  // protoc-gen-es has a tag of its own.
  blockTags: [...OptionDefaults.blockTags, '@generated'],
  excludeTags: [...OptionDefaults.excludeTags, '@generated'],
  treatWarningsAsErrors: true,
  validation: { notExported: false, invalidLink: true, notDocumented: false },
};
