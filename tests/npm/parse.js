// Parses an AsyncAPI document and prints what the parser has to say about it, as JSON.
// Usage: node parse.js FILE
"use strict";

const { Parser, fromFile } = require("@asyncapi/parser");

fromFile(new Parser(), process.argv[2])
  .parse()
  .then(({ document, diagnostics }) => {
    const told = diagnostics.map(({ severity, code, path, message }) => ({
      severity,
      code,
      path: path.join("."),
      message,
    }));
    const found = document && {
      version: document.version(),
      channels: document.channels().all().map((channel) => channel.address()),
      operations: document.operations().all().map((operation) => operation.id()),
      messages: document.messages().all().map((message) => message.name()),
      payloads: document.messages().all().map((message) => message.payload().json()),
    };
    console.log(JSON.stringify({ document: found, diagnostics: told }));
  })
  .catch((error) => {
    console.error(error.message);
    process.exit(1);
  });
