"""The commands, by what people come for: account, deposit, desk (curators), archive (what is public)."""
