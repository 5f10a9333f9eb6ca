/// The program `athanor`: [Entry] starts it on any Java from 11 on, [Athanor] is its top command,
/// and every command is a class of its own.
@NullMarked
package athanor.cli;

import org.jspecify.annotations.NullMarked;
