#!/usr/bin/env node
'use strict'
// Parses on old versions of Node, so that they can be told what is needed.
var major = Number(process.versions.node.split('.')[0])
if (major < 24) {
  console.error('error: fault needs Node 24 or newer, this is ' + process.versions.node)
  console.error('hint: install a newer Node from https://nodejs.org, or use a version manager')
  process.exit(1)
}
import('../dist/bin.js').catch(function (error) {
  console.error(error)
  process.exit(1)
})
