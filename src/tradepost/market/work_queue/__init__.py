"""What operators have to decide or do, from all contexts, each with its clock, its owner and until when it is put off."""
