// Differences that are meant: where Step Functions was measured to answer otherwise than jsonata-js, each with its evidence.
'use strict';

const MEMORY = 'Expression evaluation memory limit exceeded: Check for excessive memory usage';

/** The reason for which the answers may differ; none: they may not. */
function explained(text, ours, theirs) {
    // A fault inside of jsonata-js (a TypeError of JavaScript) says nothing about the language.
    if (theirs.crash) return 'jsonata-js broke';
    // Measured: a definition whose expression reads a field at its top level is refused when it is created (floci-io/floci#2670).
    if (ours.syntax?.startsWith('Reference to ')) return 'refused at creation';
    // Measured: [1..873782] passes, one more does not (floci-io/floci#2737).
    if (ours.error === MEMORY) return 'memory limit';
    // jsonata-js decodes to one character a byte; what is no base64 fails on AWS (floci-io/floci#2736). Of what is no UTF-8
    // nothing is known: it is an error here.
    if (/base64/.test(text)) return 'bytes of base64';
    return undefined;
}

module.exports = {explained};
