// zod, which the AI SDK brings, tries out whether it may compile code. The page's policy forbids that, and the try alone is a
// violation; this is zod's switch for it, and has to be there before zod is loaded.
Object.assign(globalThis, { __zod_globalConfig: { jitless: true } });
