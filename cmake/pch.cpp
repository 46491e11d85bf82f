// SPDX-License-Identifier: Apache-2.0
// The target that owns the precompiled header needs a source.
