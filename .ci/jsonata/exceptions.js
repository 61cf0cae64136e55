// Differences that are meant: where Step Functions was measured to answer otherwise than jsonata-js, each with its evidence.
'use strict';

/** The reason for which the answers may differ; none: they may not. */
function explained(text, ours, theirs) {
    // a fault inside of jsonata-js (a TypeError of JavaScript) says nothing about the language
    if (theirs.crash) return 'jsonata-js broke';
    // measured: a definition with such an expression is refused when it is created
    if (ours.syntax?.startsWith('Reference to ')) return 'refused at creation';
    return undefined;
}

module.exports = {explained};
