// SPDX-License-Identifier: Apache-2.0
// Lets a program that runs under Node see the process's environment, as a native one does.
Module['preRun'] = [].concat(Module['preRun'] || [], () => Object.assign(ENV, process.env));
