"""Log of every act of an operator: actor, act, object, time and outcome."""
