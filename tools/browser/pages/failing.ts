// A page that fails after a message of its own.
console.log('before the failure');
await Promise.resolve();
throw new Error('on purpose');
